import { SLOTS } from './slot.ts'

/**
 * Which member should hold a slot: the highest random weight among the members (Thaler & Ravishankar, 1998), so that a member
 * that comes or goes moves only its own share. All members compute the same from the same list.
 */
export function holderOf(slot: number, members: readonly string[]): string | undefined {
  let best: string | undefined
  let most = -1
  for (const member of members) {
    const weight = weightOf(member, slot)
    if (weight > most || (weight === most && best !== undefined && member < best)) {
      best = member
      most = weight
    }
  }
  return best
}

/**
 * Slots a member should hold. With the order of the whole log there is one slot that counts, and one holder of all; where the
 * source has partitions, slots go by partition.
 */
export function shareOf(
  member: string,
  members: readonly string[],
  order: 'key' | 'log',
  partitions: number = SLOTS,
): ReadonlySet<number> {
  const share = new Set<number>()
  for (let slot = 0; slot < SLOTS; slot++) {
    if (holderOf(order === 'log' ? 0 : slot % partitions, members) === member) share.add(slot)
  }
  return share
}

/** FNV-1a over `member slot`, finalized as MurmurHash3 does; 32 bits. */
function weightOf(member: string, slot: number): number {
  let hash = 0x811c9dc5 ^ slot
  hash = Math.imul(hash, 0x01000193)
  for (let i = 0; i < member.length; i++) hash = Math.imul(hash ^ member.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
