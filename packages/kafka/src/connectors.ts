import { setTimeout as delay } from 'node:timers/promises'
import { KafkaFailed } from './failure.ts'

export interface ConnectorState {
  readonly name: string
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}

export interface Validation {
  readonly error_count: number
  readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
}

/** Connectors as code: what they should be is given, the worker makes it so. Its own REST interface, nothing else. */
export class Connectors {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Creates or changes a connector. */
  async put(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask('PUT', `/connectors/${encodeURIComponent(name)}/config`, config)
  }

  async list(): Promise<readonly string[]> {
    return (await this.#ask('GET', '/connectors')) as string[]
  }

  async state(name: string): Promise<ConnectorState> {
    return (await this.#ask('GET', `/connectors/${encodeURIComponent(name)}/status`)) as ConnectorState
  }

  /** What the plug-in says about a configuration, setting by setting. */
  async validate(plugin: string, config: Readonly<Record<string, string>>): Promise<Validation> {
    const body = { 'connector.class': plugin, name: 'validated', ...config }
    return (await this.#ask(
      'PUT',
      `/connector-plugins/${encodeURIComponent(plugin)}/config/validate`,
      body,
    )) as Validation
  }

  async offsets(name: string): Promise<unknown> {
    return this.#ask('GET', `/connectors/${encodeURIComponent(name)}/offsets`)
  }

  /** Only a stopped connector's offsets can be changed. */
  async alterOffsets(name: string, offsets: unknown): Promise<void> {
    await this.#ask('PATCH', `/connectors/${encodeURIComponent(name)}/offsets`, offsets)
  }

  async stop(name: string): Promise<void> {
    await this.#ask('PUT', `/connectors/${encodeURIComponent(name)}/stop`)
  }

  async resume(name: string): Promise<void> {
    await this.#ask('PUT', `/connectors/${encodeURIComponent(name)}/resume`)
  }

  /** Starts the connector and those of its tasks that failed once more. */
  async restart(name: string): Promise<void> {
    await this.#ask('POST', `/connectors/${encodeURIComponent(name)}/restart?includeTasks=true&onlyFailed=true`)
  }

  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', `/connectors/${encodeURIComponent(name)}`)
  }

  /** Waits for a state of a connector, asking again as long as it is not. */
  async until(
    name: string,
    wanted: (state: ConnectorState) => boolean,
    options: { withinMs?: number } = {},
  ): Promise<ConnectorState> {
    const deadline = Date.now() + (options.withinMs ?? 60_000)
    for (;;) {
      const state = await this.state(name).catch((error: Error) => error)
      if (!(state instanceof Error) && wanted(state)) return state
      if (Date.now() > deadline) {
        const last = state instanceof Error ? state.message : JSON.stringify(state)
        throw new KafkaFailed(`Connector ${name} did not come to the state waited for. Last seen: ${last}`)
      }
      await delay(100)
    }
  }

  /** Asks the worker; a rebalance under way (409) is waited out. */
  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const deadline = Date.now() + 30_000
    for (;;) {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const text = await response.text()
      if (response.ok) return text === '' ? undefined : JSON.parse(text)
      if (response.status !== 409 || Date.now() > deadline)
        throw new KafkaFailed(`${method} ${path} answered ${response.status}: ${text.slice(0, 2_000)}`)
      await delay(100)
    }
  }
}
