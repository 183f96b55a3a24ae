"""What client code of ElevenLabs agents consists of, and what answers to each piece on Atoms."""
