// Files that are never half-written, also over a power cut: written beside, flushed, renamed, and the folder flushed.
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Replaces the file with this text; readers see the old one or the new one. */
export async function writeAtomically(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** Removes what processes that were killed in the middle of such a write have left. None may be writing now. */
export async function removeUnfinished(path: string): Promise<void> {
  const folder = dirname(path)
  const [start, end] = [`${basename(path)}.`, '.tmp']
  for (const name of await readdir(folder)) {
    const isUnfinished = name.startsWith(start) && /^\d+$/.test(name.slice(start.length, -end.length))
    // It is in nobody's way where it cannot be removed.
    if (isUnfinished && name.endsWith(end)) await unlink(join(folder, name)).catch(() => undefined)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
