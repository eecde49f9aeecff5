import type { Files } from '../files.ts'

const FOLDER = '_headwater/start'

/**
 * The version the table's log begins with. Numbers before it are free again once vacuumed: a writer that slept meanwhile would
 * find the next one free, and take it for the newest. So a version counts from here on alone, whatever lies before.
 */
export async function startOf(files: Files): Promise<number> {
  return Math.max(0, ...(await starts(files)))
}

/** Lets the log begin with a later version, before those ahead of it are removed. */
export async function moveStart(files: Files, version: number): Promise<void> {
  await files.put(pathOf(version), '')
  // A name each, so that of two who move it the later version stays, whoever comes last.
  for (const start of await starts(files)) if (start < version) await files.remove(pathOf(start))
}

async function starts(files: Files): Promise<number[]> {
  const versions = (await files.list(FOLDER)).map(({ path }) => /\/(\d{20})$/.exec(path)?.[1])
  return versions.flatMap((version) => (version === undefined ? [] : [Number(version)]))
}

function pathOf(version: number): string {
  return `${FOLDER}/${String(version).padStart(20, '0')}`
}
