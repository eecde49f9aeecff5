import type { Caller, Variables } from './resource.ts'

/** What a caller gets, kept with the request and repeated byte for byte. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Without a version there is no ETag. */
export type Outcome<State> = { readonly kind: 'done'; readonly state: State; readonly version?: number } | Refused

export interface Refused {
  readonly kind: 'refused'
  readonly code: string
  readonly sentence: string
}

export interface Call<State, Path extends string = string> {
  readonly action: string
  readonly variables: Variables<Path>
  /** Checked against the action's schema. */
  readonly input: unknown
  readonly caller: Caller
  readonly idempotencyKey?: string
  /** The version the caller saw (If-Match). */
  readonly expected?: number
  readonly traceparent?: string
  /**
   * What the declaration (`when`, `visible`) has against acting on this state. To be asked of the very state that is decided on,
   * after a repeat has been answered: a repeat gets its first answer also when the action would not be offered any more; and before the
   * version is compared with `expected`: who may not know of the state may not know its version. `version`: 0 where nothing is there
   * yet, undefined where nothing has versions.
   */
  readonly refusal: (state: State, version: number | undefined) => Refused | undefined
  /** Renders what the caller will get, before the append, so that it can be kept with the request. */
  answer(outcome: Outcome<State>): Answer
}

/** What a service gives for each resource; knows no HTTP. */
export interface Implementation<State = any, Path extends string = string> {
  /** The state as of its version (1, 2, 3…); undefined when there is none. A list without a version gets no ETag. */
  read(
    variables: Variables<Path>,
    context: { readonly caller?: Caller; readonly traceparent?: string },
  ): Promise<{ readonly state: State; readonly version?: number } | undefined>
  /** Needed when the resource has actions. */
  act?(call: Call<State, Path>): Promise<
    | Answer
    /** `actual` is absent where nothing has versions. */
    | { readonly kind: 'conflict'; readonly expected: number; readonly actual?: number }
    | { readonly kind: 'key-reused' }
  >
}
