from elevenlabs.client import ElevenLabs

audio = ElevenLabs().text_to_speech.convert(voice_id="v", text="Hello", output_format="pcm_16000")
