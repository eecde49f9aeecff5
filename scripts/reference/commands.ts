import { type Command, everywhere } from '../../packages/cli/src/command.ts'
import { commands, type Listed } from '../../packages/cli/src/commands.ts'
import { type Page, tableOf } from './page.ts'

const exits: Readonly<Record<number, string>> = {
  0: 'ok',
  1: 'it failed',
  2: 'it was called wrongly',
  3: 'what it needs is not here: no landscape, no Postgres, no Java',
  4: 'a check found something',
  5: 'what was named is not there',
  129: 'its terminal went away (SIGHUP)',
  130: 'it was interrupted (Ctrl-C); `dev` then ends with 0',
  143: 'it was told to end (SIGTERM); `dev` then ends with 0',
}

/** Every command from its own declaration. */
export async function commandsPage(): Promise<Page> {
  const overview = tableOf(
    ['command', ''],
    commands.map(({ name, summary }) => [`[\`headwater ${name}\`](#headwater-${name.replaceAll(' ', '-')})`, summary]),
  )
  const text = `# Commands

\`npx headwater COMMAND\`. A command finds its landscape by \`--url\`, else by \`HEADWATER_URL\`, else by the folder it is called in. Data goes to stdout, all else to stderr.

${overview}

Every command takes:

${optionsOf(everywhere)}

Exit codes:

${tableOf(['code', ''], Object.entries(exits))}

${(await Promise.all(commands.map(section))).join('\n\n')}
`
  return { path: 'commands.md', text }
}

function optionsOf(options: NonNullable<Command['options']>): string {
  const rows = Object.entries(options).map(([name, { type, short, says }]) => [
    `${short === undefined ? '' : `\`-${short}\`, `}\`--${name}${type === 'string' ? ' VALUE' : ''}\``,
    says,
  ])
  return tableOf(['option', ''], rows)
}

async function section({ name, summary, load }: Listed): Promise<string> {
  const { usage, options, examples } = await load()
  const [line = '', ...more] = usage.split(/ {3,}/)
  const parts = [
    `## headwater ${name}`,
    `${summary}.`,
    `\`\`\`text\nheadwater ${name} ${line}`.trimEnd() + '\n```',
    more.length > 0 ? `${more.join(' ').replace(/^./, (first) => first.toUpperCase())}.` : '',
    options === undefined ? '' : optionsOf(options),
    examples.length > 0 ? `For example:\n\n\`\`\`sh\n${examples.join('\n')}\n\`\`\`` : '',
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}
