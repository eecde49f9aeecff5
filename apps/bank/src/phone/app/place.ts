/** What a screen may ask of the app around it. */
export interface Place {
  go(hash: string): void
  /** Shows the same screen as it is now: what was typed has done its work. */
  again(): void
  /** The same, unless somebody is typing. */
  refresh(): void
  /** Says something once, for eyes and ears. */
  say(text: string): void
  /** Everything that was told is read. */
  readAll(): void
  signOut(): void
}
