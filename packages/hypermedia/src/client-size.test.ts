import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

it('costs a browser at most 3 KiB, with no schema library', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [`${import.meta.dirname}/client.ts`],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  })
  expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength).toBeLessThanOrEqual(3 * 1024)
  const inputs = Object.keys(metafile.inputs).map((path) => path.replace(/.*(node_modules|src)\//, ''))
  expect(inputs.toSorted()).toEqual(['client.ts', 'sending.ts', 'trail.ts', 'url-template/lib/url-template.js'])
})
