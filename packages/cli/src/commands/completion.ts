import { type Command, Ended, everywhere, exitCode, required } from '../command.ts'

export const completion: Command = {
  name: 'completion',
  usage: 'bash   put `source <(headwater completion bash)` into ~/.bashrc',
  examples: ['headwater completion bash'],
  async run(invocation) {
    const shell = required(completion, invocation, 0, 'a shell, bash')
    if (shell !== 'bash') throw new Ended(exitCode.usage, `Expected bash, got "${shell}".`)
    const { commands } = await import('../commands.ts')
    const loaded = await Promise.all(commands.map(({ load }) => load()))
    const script = bash(loaded)
    invocation.output.show({ shell, script }, () => script)
    return exitCode.ok
  },
}

/** Completes commands, then their options; files where a command takes none of these. */
function bash(commands: readonly Command[]): string {
  const first = [...new Set(commands.map(({ name }) => name.split(' ')[0]!)), 'help']
  const seconds = commands
    .filter(({ name }) => name.includes(' '))
    .map(({ name }) => name.split(' ') as [string, string])
  const groups = [...new Set(seconds.map(([group]) => group))].map((group) => {
    const names = seconds.flatMap(([of, name]) => (of === group ? [name] : []))
    return `    '${group}') [ "$COMP_CWORD" -eq 2 ] && words='${names.join(' ')}' ;;`
  })
  const options = commands.map(({ name, options: own = {} }) => {
    const words = Object.keys({ ...own, ...everywhere }).map((option) => `--${option}`)
    return `    '${name}${name.includes(' ') ? '' : ' '}'*) words='${words.join(' ')}' ;;`
  })
  return [
    '_headwater() {',
    '  local words= current="${COMP_WORDS[COMP_CWORD]}"',
    `  [ "$COMP_CWORD" -eq 1 ] && words='${first.join(' ')}'`,
    '  case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in',
    ...options,
    '  esac',
    '  case "${COMP_WORDS[1]}" in',
    ...groups,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _headwater headwater',
  ].join('\n')
}
