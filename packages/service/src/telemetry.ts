import { randomUUID } from 'node:crypto'
import type { Tracer } from '@headwater/consumer'
import {
  context,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

const tracerOf = () => trace.getTracer('headwater')

/** Spans of consumers by OpenTelemetry's API: nothing unless the process has registered an SDK. */
export const consumerTracer: Tracer = {
  start(name, { links, attributes }) {
    const span = tracerOf().startSpan(
      name,
      { kind: SpanKind.CONSUMER, root: true, attributes: { ...attributes }, links: links.flatMap(linkOf) },
      ROOT_CONTEXT,
    )
    return {
      end(error) {
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
        span.end()
      },
    }
  },
}

/** A request in a span, under the caller's trace when it names one. */
export async function traced(request: Request, service: string, answer: () => Promise<Response>): Promise<Response> {
  const given = contextOf(request.headers.get('traceparent') ?? '')
  const parent = given === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, given)
  const { pathname } = new URL(request.url)
  const span = tracerOf().startSpan(
    `${request.method} ${service}`,
    {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method, 'url.path': pathname, 'headwater.service': service },
    },
    parent,
  )
  try {
    const response = await context.with(trace.setSpan(parent, span), answer)
    span.setAttribute('http.response.status_code', response.status)
    if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    return response
  } finally {
    span.end()
  }
}

/** The W3C traceparent to keep with what a request causes: its own span's, what the caller gave, or a new one. */
export function traceparentFor(given: string | undefined): string {
  const active = trace.getActiveSpan()?.spanContext()
  if (active !== undefined && isSpanContextValid(active)) return textOf(active)
  if (given !== undefined && contextOf(given) !== undefined) return given
  // Of UUIDs: Node makes many of them at once, which takes a fifth of the time of asking for random bytes.
  return `00-${randomUUID().replaceAll('-', '')}-${randomUUID().slice(19).replaceAll('-', '')}-00`
}

const textOf = ({ traceId, spanId, traceFlags }: SpanContext) =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`

function linkOf(traceparent: string): Link[] {
  const linked = contextOf(traceparent)
  return linked === undefined ? [] : [{ context: linked }]
}

function contextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true }
  return isSpanContextValid(found) ? found : undefined
}
