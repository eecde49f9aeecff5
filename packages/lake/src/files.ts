/**
 * Where the lake's files lie. Paths are relative to the table's root, with `/`. All a store must do beyond keeping bytes is
 * `putIfAbsent`: of any number of writers, in any number of processes, exactly one succeeds, and its file is whole.
 */
export interface Files {
  /** Writes a file durably when nothing is there; false when something is. */
  putIfAbsent(path: string, content: string | Uint8Array): Promise<boolean>
  /** Replaces a file whole. */
  put(path: string, content: string | Uint8Array): Promise<void>
  /** Undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>
  list(folder: string): Promise<readonly StoredFile[]>
  remove(path: string): Promise<void>
  /** How DuckDB names the file. */
  address(path: string): string
  /** Makes a file that DuckDB wrote durable; its size in bytes. */
  settle(path: string): Promise<number>
}

export interface StoredFile {
  readonly path: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}
