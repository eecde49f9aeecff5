import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { startPostgres } from './index.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function directory(parent = tmpdir()) {
  const path = await mkdtemp(join(parent, 'headwater-postgres-test-'))
  cleanups.push(() => rm(path, { recursive: true, force: true }))
  return path
}

async function ask(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

it('keeps what was written over a stop and a start', async () => {
  const data = join(await directory(), 'postgres')
  const first = await startPostgres({ directory: data })
  cleanups.push(first.stop)
  await ask(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  const second = await startPostgres({ directory: data })
  cleanups.push(second.stop)
  expect(second.adopted).toBe(false)
  expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
})

it('adopts the one that a killed process left running', async () => {
  const data = join(await directory(), 'postgres')
  const source = fileURLToPath(new URL('./index.ts', import.meta.url))
  const program = `const { startPostgres } = await import(${JSON.stringify(source)}); const p = await startPostgres({ directory: ${JSON.stringify(data)} }); console.log(p.pid); process.kill(process.pid, 'SIGKILL')`
  const killed = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
  const adopted = await startPostgres({ directory: data })
  cleanups.push(adopted.stop)
  expect(adopted).toMatchObject({ adopted: true, pid: Number(killed.stdout) })
  expect(await ask(adopted.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('begins anew where a first start was cut off', async () => {
  const programs = await directory()
  await mkdir(join(programs, 'bin'))
  const cutOff = '#!/bin/sh\nmkdir "$2" && echo 18 > "$2/PG_VERSION" && kill -KILL $$\n'
  await writeFile(join(programs, 'bin', 'initdb'), cutOff, { mode: 0o755 })
  const data = join(await directory(), 'postgres')
  await chmod(programs, 0o755)
  await expect(startPostgres({ directory: data, programs })).rejects.toThrow(/initdb ended/)
  const server = await startPostgres({ directory: data })
  cleanups.push(server.stop)
  expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('moves over when the wanted port is taken', async () => {
  const first = await startPostgres({ directory: join(await directory(), 'postgres') })
  cleanups.push(first.stop)
  const second = await startPostgres({ directory: join(await directory(), 'postgres'), port: first.port })
  cleanups.push(second.stop)
  expect(second.port).not.toBe(first.port)
  // Of those that systems hand out by themselves, another program could be given it before the server has it.
  for (const { port } of [first, second]) expect(port).toBeLessThan(32_768)
})

it('wants its password, also on loopback', async () => {
  const server = await startPostgres({ directory: join(await directory(), 'postgres') })
  cleanups.push(server.stop)
  await expect(ask(`postgres://postgres:wrong@127.0.0.1:${server.port}/postgres`, 'select 1')).rejects.toThrow(
    /password/,
  )
})

describe.runIf(process.getuid?.() === 0)('as root', () => {
  const somebodyElse = 12_345

  it('takes no data that somebody else laid where everybody may write', async () => {
    const data = join(await directory('/root'), 'postgres')
    const server = await startPostgres({ directory: data })
    cleanups.push(() => rm(server.directory, { recursive: true, force: true }))
    await server.stop()
    await chown(server.directory, somebodyElse, somebodyElse)
    await expect(startPostgres({ directory: data })).rejects.toThrow(
      /nobody else can write to, found one of user 12345/,
    )
  })

  it('runs no programs that somebody else laid where everybody may write', async () => {
    const unreachable = await directory('/root')
    await mkdir(join(unreachable, 'native'))
    const version = `0.0.0-${basename(unreachable)}`
    await writeFile(join(unreachable, 'package.json'), JSON.stringify({ version }))
    const laid = join(tmpdir(), `headwater-postgres-${version}`)
    cleanups.push(() => rm(laid, { recursive: true, force: true }))
    await mkdir(laid)
    await chown(laid, somebodyElse, somebodyElse)
    const starting = startPostgres({
      directory: join(await directory(), 'postgres'),
      programs: join(unreachable, 'native'),
    })
    await expect(starting).rejects.toThrow(/nobody else can write to, found one of user 12345/)
  })

  it('finds another place when root asks for one that the server account cannot reach', async () => {
    const server = await startPostgres({ directory: join(await directory('/root'), 'postgres') })
    cleanups.push(() => rm(server.directory, { recursive: true, force: true }), server.stop)
    expect(server.directory).toMatch(/^\/var\/tmp\/headwater-/)
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})
