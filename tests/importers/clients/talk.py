from elevenlabs.client import ElevenLabs
from elevenlabs.conversational_ai.conversation import ClientTools, Conversation
from elevenlabs.conversational_ai.default_audio_interface import DefaultAudioInterface

heard: list[str] = []
conversation = Conversation(
    ElevenLabs(),
    "agent_7",
    requires_auth=True,
    audio_interface=DefaultAudioInterface(),
    client_tools=ClientTools(),
    callback_agent_response=heard.append,
    callback_agent_response_correction=lambda original, corrected: heard.append(corrected),
    callback_user_transcript=heard.append,
)
conversation.start_session()
conversation_id = conversation.wait_for_session_end()
