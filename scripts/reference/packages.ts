import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, root } from '../tidy/sources.ts'
import { type Declared, declaredBy } from './declarations.ts'
import type { Page } from './page.ts'

interface Manifest {
  readonly name: string
  readonly description: string
  readonly exports: Readonly<Record<string, { readonly source: string }>>
}

const manifests = files()
  .filter((path) => /^packages\/[a-z-]+\/package\.json$/.test(path))
  .sort()
  .map((path) => ({
    folder: path.split('/')[1]!,
    manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest,
  }))
  .filter(({ manifest }) => Object.values(manifest.exports ?? {}).some(({ source }) => source?.endsWith('.ts')))

/** A page for each package: every entry, every value, every type, as its source declares it. */
export function packagePages(): Page[] {
  const list = manifests.map(
    ({ folder, manifest }) => `| [\`${manifest.name}\`](packages/${folder}.md) | ${manifest.description} |`,
  )
  const index = {
    path: 'packages.md',
    text: `# Packages\n\nWhat each exports. Anything else is out of reach.\n\n| package | |\n|---|---|\n${list.join('\n')}\n`,
  }
  return [
    index,
    ...manifests.map(({ folder, manifest }) => ({ path: `packages/${folder}.md`, text: pageOf(folder, manifest) })),
  ]
}

function pageOf(folder: string, { name, description, exports }: Manifest): string {
  const entries = Object.entries(exports)
    .filter(([, { source }]) => source?.endsWith('.ts'))
    .map(([entry, { source }]) => {
      const declared = declaredBy(join(root, 'packages', folder, source))
      const [values, types] = [declared.filter((one) => !one.isType), declared.filter((one) => one.isType)]
      return [`## \`${join(name, entry)}\``, ...values.map(shown), ...types.map(shown)].join('\n\n')
    })
  const readme = `[What it is for, with a first example](../../../packages/${folder}/README.md).`
  return `# ${name}\n\n${description} ${readme}\n\n${entries.join('\n\n')}\n`
}

function shown({ name, doc, signature }: Declared): string {
  const parts = [`### ${name}`, doc, signature === '' ? '' : `\`\`\`ts\n${signature}\n\`\`\``]
  return parts.filter((part) => part !== '').join('\n\n')
}
