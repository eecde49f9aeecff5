/** An SQL identifier, quoted. */
export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

/** An SQL text literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** An SQL list of text literals. */
export function texts(values: readonly string[]): string {
  return `[${values.map(text).join(', ')}]`
}
