// `npm run site`: writes the documents as a static site into site/.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root } from '../tidy/sources.ts'
import { makeSite } from './site.ts'

const folder = join(root, 'site')
await rm(folder, { recursive: true, force: true })
const site = makeSite()
for (const [path, bytes] of site) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}
console.log(`${site.size} files in site/; open site/index.html`)
