import { useScribe } from "@elevenlabs/react";

export const Captions = () => {
  const scribe = useScribe({ onMessage: () => undefined, onError: () => undefined });
  return <p onClick={() => scribe.connect()}>{scribe.isSpeaking}</p>;
};
