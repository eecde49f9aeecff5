/** Shown where an answer takes longer than a glance. */
export function Waiting({ what }: { readonly what: string }) {
  return (
    <p className="waiting" role="status">
      Reading {what}
    </p>
  )
}
