// `npm run docs`: writes docs/reference anew.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root } from '../tidy/sources.ts'
import { reference } from './reference.ts'

const folder = join(root, 'docs', 'reference')
const pages = await reference()
await rm(folder, { recursive: true, force: true })
for (const { path, text } of pages) {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
console.log(`${pages.length} pages in docs/reference`)
