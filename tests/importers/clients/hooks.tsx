import { useCallback } from "react";
import { useConversation } from "@elevenlabs/react";

export function Phone({ signedUrl }: { signedUrl: string }) {
  const conversation = useConversation({
    onConnect: () => console.log("on"),
    onDisconnect: () => console.log("off"),
    onMessage: (message) => console.log(message),
    onError: (error) => console.error(error),
    onModeChange: ({ mode }) => console.log(mode),
    overrides: { agent: { language: "en" } },
  });
  const start = useCallback(async () => {
    await conversation.startSession({ signedUrl, dynamicVariables: { name: "Ada" } });
  }, [conversation, signedUrl]);
  return (
    <div>
      <img src="/a.png" onError={() => undefined} />
      <button onClick={start}>{conversation.isSpeaking ? "Speaking" : "Listening"}</button>
      <button onClick={() => conversation.endSession()}>Stop</button>
    </div>
  );
}
