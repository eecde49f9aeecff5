// `npm run pack -- [FOLDER]`: every package as a tarball, as it is published from.
import { resolve } from 'node:path'
import { packAll } from './pack.ts'

const destination = resolve(process.argv[2] ?? 'tmp/packed')
for (const { name, tarball, files } of await packAll(destination))
  console.log(`${name}  ${files.length} files  ${tarball}`)
