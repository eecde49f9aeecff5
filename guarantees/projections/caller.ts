/** What a caller asked and was told, to be compared with what the log kept. */
export interface Asked {
  readonly service: string
  readonly action: string
  readonly key: string
  readonly input: unknown
  readonly status: number
  readonly body: string
}

export interface Bank {
  readonly url: string
  readonly token: string
}

/** Sends one action as a client does, with a key of its own. */
export async function ask(
  { url, token }: Bank,
  path: string,
  action: string,
  input: unknown,
): Promise<Asked & { readonly document: any }> {
  const key = crypto.randomUUID()
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(input),
  })
  const body = await response.text()
  const service = path.split('/')[1]!
  return { service, action, key, input, status: response.status, body, document: JSON.parse(body) }
}

export const idOf = (document: any): string => document._links.self.href.split('/').at(-1)
