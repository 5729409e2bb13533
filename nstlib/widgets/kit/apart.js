// Parts of a state that the built page keeps in files of their own: fetched when they are asked for, and once.

const fetched = new Map(); // from an address to the promise of what lies there

/** Return what Python's `apart` was given. */
export async function whatIsApart(part) {
  if (!part.address) return part.apart;
  if (!fetched.has(part.address)) fetched.set(part.address, readJson(part.address));
  try {
    return await fetched.get(part.address);
  } catch (error) {
    fetched.delete(part.address); // the next try begins anew
    throw error;
  }
}

/** Return what lies at an address of this page, as JSON. */
export async function readJson(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} could not be fetched: ${answer.status}`);
  return answer.json();
}
