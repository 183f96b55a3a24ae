import { S3Client, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

export async function address(client, key) {
  const signedUrl = await getSignedUrl(client, new PutObjectCommand({ Bucket: "b", Key: key }));
  return { signed_url: signedUrl, type: "audio" };
}
socket.on("ping", () => socket.emit("pong"));
socket.on("user_message", (message) => console.log(message.alignment));
