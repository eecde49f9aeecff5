import type { Named } from './check-links.ts'
import type { Implementation } from './implementation.ts'
import type { AnyResource, Caller, StateOf } from './resource.ts'

/** A link the host adds to the home document: feeds, consoles, documents of other kinds. */
export interface HostLink {
  /** Absolute, or a path below the mount (`/events`). */
  readonly href: string
  readonly templated?: boolean
  readonly title?: string
  readonly type?: string
  /** Shown only to callers that hold it. */
  readonly scope?: string
}

/** One for each resource, by its name. */
export type Implementations<All extends readonly AnyResource[]> = {
  readonly [Name in All[number]['name']]: ImplementationOf<Named<All[number], Name>>
}

type ImplementationOf<R extends AnyResource> = Implementation<StateOf<R>, R['path']>

export interface ServeOptions<All extends readonly AnyResource[] = readonly AnyResource[]> {
  /** Name of the service; default scope of reading is `{service}:read`. */
  readonly service: string
  /** One for each resource, by its name. */
  readonly implementation: Implementations<All>
  /** Where the service is mounted, without a slash at the end: `/pots`; default the root. */
  readonly basePath?: string
  /** The URI template of a resource of another service (`customers:customer`); undefined while it cannot be found. */
  readonly resolve?: (relation: string) => string | undefined | Promise<string | undefined>
  /** Further links of the home document, by relation. */
  readonly links?: Readonly<Record<string, HostLink>>
  /** URL of the landscape's entry document; every document links to it as `entry`. */
  readonly entry?: string
  /** Bytes of a body; default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Name of a new resource where the server names it. The seed is the same for a repeat of the same request; default a UUID computed from it, or a random one. */
  readonly newId?: (seed: string | undefined) => string
  /** Called with what was thrown by an implementation; the caller gets a problem (500) without details. */
  readonly onError?: (error: unknown, request: Request) => void
  readonly version?: string
  readonly title?: string
}

export type Handler = (request: Request, context: { readonly caller?: Caller }) => Promise<Response>
