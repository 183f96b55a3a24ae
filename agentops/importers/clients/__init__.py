"""What client code of ElevenLabs agents consists of, and what replaces each piece on Atoms."""
