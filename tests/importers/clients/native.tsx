import { ElevenLabsProvider, useConversation } from "@elevenlabs/react-native";

export const start = () => useConversation({ onConnect: () => undefined }).startSession({ agentId: "agent_7" });
