/** An answer as data; what a caller gets is made of it once, at the edge. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export function responseOf({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, headers })
}
