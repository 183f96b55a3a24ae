class Conversation:
    """A thread of messages."""

    def __init__(self, alignment: str = "left") -> None:
        self.alignment = alignment

    def end_session(self) -> None:
        self.events = ["interruption", "ping", "pong", "agent_response", "user_activity"]


conversation = Conversation(alignment="right")
