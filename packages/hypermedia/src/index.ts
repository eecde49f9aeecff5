export { link, type Link, type LinkOptions, type Value } from './link.ts'
export {
  resource,
  type Action,
  type ActionRule,
  type AnyResource,
  type Caller,
  type Deprecation,
  type LinkRule,
  type LinkRules,
  type NameOf,
  type OptionalLinkRule,
  type OptionalLinkRules,
  type Place,
  type Resource,
  type ResourceRule,
  type StateOf,
  type Variables,
  type VariablesOf,
} from './resource.ts'
export type { Answer, Call, Implementation, Outcome, Refused } from './implementation.ts'
export type { LinksChecked } from './check-links.ts'
export type { JsonSchema, Schema, Wrong } from './schema.ts'
export type { Handler, HostLink, Implementations, ServeOptions } from './serve-options.ts'
export { serve } from './serve.ts'
export { problem, type Problem, type ProblemSaid } from './problem.ts'
export { readBody, type Body } from './body.ts'
export { chooseFace } from './face.ts'
export { html, htmlResponse, type Html } from './html.ts'
export { assertDiscoverable, discover, type DeadLink, type Discovered, type DiscoverOptions } from './discover.ts'
