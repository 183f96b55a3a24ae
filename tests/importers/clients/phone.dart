import 'package:elevenlabs_agents/elevenlabs_agents.dart';

final client = ConversationClient();
Future<void> start() => client.startSession(agentId: 'agent_7');
