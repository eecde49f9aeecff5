import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import type { Files } from '../files.ts'

/** Files on a local disk (or a network disk whose `link` is atomic). */
export function localFiles(root: string): Files {
  const at = (path: string) => join(root, path)

  /** Beside its place, under a name that readers of the table skip. */
  async function written(path: string, content: string | Uint8Array): Promise<string> {
    const draft = join(dirname(at(path)), `.${randomUUID()}.draft`)
    await mkdir(dirname(draft), { recursive: true })
    const file = await open(draft, 'wx')
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
    return draft
  }

  return {
    async putIfAbsent(path, content) {
      const draft = await written(path, content)
      try {
        // A hard link appears whole or not at all, and never replaces.
        await link(draft, at(path))
        await settleFolder(dirname(at(path)))
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      } finally {
        await rm(draft, { force: true })
      }
    },
    async put(path, content) {
      await rename(await written(path, content), at(path))
      await settleFolder(dirname(at(path)))
    },
    async read(path) {
      try {
        return await readFile(at(path))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async list(folder) {
      const names = await readdir(at(folder)).catch(() => [] as string[])
      const found = await Promise.all(
        names.map(async (name) => {
          const info = await stat(join(at(folder), name)).catch(() => undefined)
          if (info === undefined || !info.isFile()) return []
          return [{ path: `${folder}/${name}`, bytes: info.size, modifiedAt: info.mtimeMs }]
        }),
      )
      return found.flat()
    },
    async remove(path) {
      await rm(at(path), { force: true })
    },
    address: (path) => resolve(root, path),
    async settle(path) {
      const file = await open(at(path), 'r')
      try {
        await file.datasync()
        await settleFolder(dirname(at(path)))
        return (await file.stat()).size
      } finally {
        await file.close()
      }
    },
  }
}

/** Names are durable once their folder is. */
async function settleFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
