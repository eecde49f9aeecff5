const tones: Readonly<Record<string, string>> = {
  running: 'accent',
  asked: 'warn',
  kept: 'good',
  killed: 'bad',
}

export function PhaseTag({ phase }: { readonly phase: string }) {
  return <span className={`tag ${tones[phase] ?? ''}`}>{phase}</span>
}
