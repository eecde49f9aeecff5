/** The little of OpenTelemetry that a consumer needs; the composition root maps it to its tracer. */
export interface Tracer {
  /** Starts a new root span, linked to the W3C traceparents given. */
  start(
    name: string,
    options: { links: readonly string[]; attributes: Readonly<Record<string, string | number>> },
  ): Span
}

export interface Span {
  /** Ends it, as failed when an error is given. */
  end(error?: unknown): void
}
