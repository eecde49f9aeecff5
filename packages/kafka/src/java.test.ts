import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { hasJava, KafkaFailed, kafkaJars } from './index.ts'
import { startJava, stopJava } from './java.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** `kill(-1)` would end everything of whoever runs this. */
it.runIf(hasJava())(
  'says that Java is missing, and signals nothing that it did not start',
  async () => {
    await kafkaJars() // asks Maven, where it was never asked before
    const directory = await mkdtemp(join(tmpdir(), 'headwater-java-'))
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
    vi.stubEnv('PATH', directory)
    const program = { name: 'broker', directory, mainClass: 'kafka.Kafka', properties: {}, heapMiB: 64 }
    const failure = await startJava(program).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(KafkaFailed)
    expect((failure as Error).message).toMatch(/spawn java ENOENT.*Install Java 17/)
    for (const pid of [-1, 0, NaN]) await expect(stopJava('broker', directory, pid)).rejects.toThrow(KafkaFailed)
    expect(kill).not.toHaveBeenCalled()
    await rm(directory, { recursive: true })
  },
  300_000,
)
