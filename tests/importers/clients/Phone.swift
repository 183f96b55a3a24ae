import Foundation
import ElevenLabs

func start() async throws {
    let conversation = try await ElevenLabs.startConversation(agentId: "agent_7")
    await conversation.endConversation()
}
