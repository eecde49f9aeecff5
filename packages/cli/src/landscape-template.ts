import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const templates = ['empty', 'bank'] as const
export type Template = (typeof templates)[number]

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** What a landscape needs besides our packages; a test holds them to those of this project. */
export const others = {
  '@types/node': '20.19.43',
  '@types/web-push': '3.6.4',
  typescript: '7.0.2',
  vitest: '4.1.12',
  zod: '4.6.7',
} as const

const ours = join(import.meta.dirname, '..')

/** Folder of the bank: packed with this package, or that of the project's checkout. */
export function bankFolder(): string {
  return [join(ours, 'templates', 'bank'), join(ours, '..', '..', 'apps', 'bank')].find(existsSync)!
}

const manifestIn = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))

/** Files of a new landscape, by their path; the bank's sources come beside them. */
export async function landscapeFiles(name: string, template: Template): Promise<Readonly<Record<string, string>>> {
  const { version } = await manifestIn(ours)
  const own = ['cli', 'experiments', 'service'].map((one) => [`@headwater/${one}`, version])
  const more = template === 'bank' ? (await manifestIn(bankFolder())).dependencies : { zod: others.zod }
  const { zod: _, '@types/web-push': webPush, ...always } = others
  const development = template === 'bank' ? { ...always, '@types/web-push': webPush } : always
  const manifest = {
    name,
    version: '0.0.1',
    private: true,
    type: 'module',
    scripts: { start: 'headwater dev', test: 'vitest run --passWithNoTests', check: 'tsc' },
    dependencies: sorted({ ...Object.fromEntries(own), ...more }),
    devDependencies: sorted({ '@headwater/testing': version, ...development }),
    engines: { node: '>=20.19' },
  }
  return {
    'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(typescript, undefined, 2)}\n`,
    '.gitignore': 'node_modules/\n.headwater/\n',
    'README.md': readme(name, template),
    ...(template === 'empty' && { 'src/experiments/service.ts': experimentsFile }),
  }
}

const sorted = (all: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)))

const typescript = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable', 'webworker'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['src'],
}

const experimentsFile = `import { experiments } from '@headwater/experiments'

/** Keeps the experiments of all services. On a developer's machine they start by themselves; elsewhere a person starts them. */
export default experiments({ startAtOnce: process.env.NODE_ENV !== 'production' })
`

const readme = (name: string, template: Template) => `# ${name}

\`\`\`sh
npm install
npm start
\`\`\`

runs the services in \`src/\`, each with a Postgres database of its own. Nothing else has to be installed. In another terminal:

\`\`\`sh
npx headwater ps
${template === 'bank' ? 'npx headwater simulate' : 'npx headwater new service notes'}
\`\`\`

A service is a folder of \`src/\` with a \`service.ts\`. A saved file replaces its service while the rest runs. \`npm test\` runs the tests, \`npm run check\` the type checker.
`
