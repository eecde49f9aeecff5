import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, root } from '../tidy/sources.ts'
import { type Page, tableOf } from './page.ts'

/** What each variable of the environment is for. A test fails when the code reads another, or one of these no more. */
const variables: Readonly<Record<string, string>> = {
  BROWSER: 'program that `headwater open` opens pages with',
  CI: '`true`: a test that would be skipped fails `npm test`',
  DATABASE_URL:
    'a Postgres role that may create databases and roles; `headwater dev` then starts no Postgres of its own, and benches and guarantees use it',
  FORCE_COLOR: 'colours also where there is no terminal',
  GIT_AUTHOR_EMAIL: 'who lets a breaking change pass (`headwater contract check --override`)',
  HEADWATER_AUDIENCE: "whom people's tokens must be for (`aud`); `headwater`",
  HEADWATER_ISSUER: 'who signs the tokens of people and machines (`iss`): your identity provider; needed in production',
  HEADWATER_JWKS: 'https URL of its public keys (`jwks_uri` of its `/.well-known/openid-configuration`)',
  HEADWATER_TEST_POOLER: 'the same user’s URL of a pooler before that server: tests connect through it',
  HEADWATER_TEST_POSTGRES: "superuser's URL of a Postgres that tests make their databases on; else they start one",
  HEADWATER_TOKEN: 'bearer token of a command; in development the landscape makes one',
  HEADWATER_TOKEN_FILE: 'file that holds such a token',
  HEADWATER_URL: 'entry URL of the landscape that commands are about',
  NODE_ENV: '`production`: an identity provider is needed, and experiments do not start by themselves',
  NO_COLOR: 'no colours',
  XDG_CACHE_HOME: "where the class path of Kafka's jars is remembered; else `~/.cache`",
}

/** Settings: variables, the options of a landscape, those of the connector. */
export function settingsPage(): Page {
  const text = `# Settings

There is no configuration file. A program is told what it needs by what it calls: [\`startLandscape\`](packages/service.md), [\`openStore\`](packages/event-store.md), [\`feed\`](packages/feed.md). A command is told by its [options](commands.md).

## Variables of the environment

${tableOf(
  ['variable', 'what', 'read by'],
  readVariables().map(([name, readers]) => [`\`${name}\``, wordsFor(name), readers]),
)}

## The Kafka connector

Of the class \`dev.headwater.connect.FeedConnector\`. Two are required; the others may be left alone. [Operations](../operations.md) says more.

${tableOf(['setting', 'default', 'what'], connectorSettings())}
`
  return { path: 'settings.md', text }
}

function wordsFor(name: string): string {
  const words = variables[name]
  if (words === undefined)
    throw new Error(`The code reads ${name}. Say in scripts/reference/settings.ts what it is for.`)
  return words
}

function readVariables(): [string, string][] {
  const readers = new Map<string, Set<string>>()
  for (const path of files().filter((one) => /^(packages|apps|scripts)\/.*\.(ts|mjs)$/.test(one))) {
    if (/\.(test|fixture)\.ts$|^scripts\/(reference|tidy)\/|^apps\/[^/]+\/(?!src)/.test(path)) continue
    const text = readFileSync(join(root, path), 'utf8')
    const home = path.startsWith('scripts/') ? 'scripts' : path.split('/')[1]!
    for (const [, name] of text.matchAll(/\benv\.([A-Z][A-Z_]+)/g))
      readers.set(name!, (readers.get(name!) ?? new Set()).add(home))
  }
  const unread = Object.keys(variables).filter((name) => !readers.has(name))
  if (unread.length > 0)
    throw new Error(`Nothing reads ${unread.join(', ')} any more; take it out of scripts/reference/settings.ts.`)
  return [...readers]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, homes]) => [name, [...homes].sort().join(', ')])
}

/** From the connector's own definition. */
function connectorSettings(): string[][] {
  const java = readFileSync(join(root, 'connector/connect/src/main/java/dev/headwater/connect/Settings.java'), 'utf8')
  const constants = new Map(
    [...java.matchAll(/static final \w+ (\w+) = ("[^"]*"|[\d_]+);/g)].map(([, name, value]) => [name!, value!]),
  )
  const settings = [
    ...java.matchAll(/\.define\((\w+|"[^"]+"), Type\.\w+, ([\s\S]*?)Importance\.\w+,\s*"((?:[^"\\]|\\.)*)"\)/g),
  ]
  return settings.map(([, key, rest, says]) => {
    const name = (constants.get(key!) ?? key!).replaceAll('"', '')
    return [`\`${name}\``, defaultOf(rest!, constants), says!]
  })
}

function defaultOf(rest: string, constants: ReadonlyMap<string, string>): string {
  const said = /^("[^"]*"|\(short\) -?\d+|[\d_ *]+|\w+(?:\.\w+)?), /.exec(rest)?.[1] ?? 'ConfigDef.NO_DEFAULT_VALUE'
  if (said === 'ConfigDef.NO_DEFAULT_VALUE') return '(required)'
  const value = (constants.get(said) ?? said).replaceAll(/"|\(short\) |_/g, '')
  const product = /^[\d *]+$/.test(value)
    ? value.split('*').reduce((result, factor) => result * Number(factor), 1)
    : value
  return product === '' ? '' : `\`${product}\``
}
