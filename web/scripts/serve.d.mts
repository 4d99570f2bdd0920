import type { IncomingMessage, Server, ServerResponse } from 'node:http'

export const policy: string
export function serve(target: string, options?: { prefix?: string; intercept?: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined }): { server: Server; state: { target: string } }
