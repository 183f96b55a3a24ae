package com.example.phone

import io.elevenlabs.ConversationClient
import io.elevenlabs.ConversationConfig

suspend fun start(context: android.content.Context) {
    val session = ConversationClient.startSession(ConversationConfig(agentId = "agent_7"), context)
    session.endSession()
}
