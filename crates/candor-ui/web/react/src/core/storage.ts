/** What of the Web Storage API is used here. */
export type KeyValueStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** The page's storage, or memory where the browser has none or forbids it. */
export function pageStorage(kind: "localStorage" | "sessionStorage"): KeyValueStorage {
  try {
    const storage = globalThis[kind];
    storage.setItem("candor.probe", "");
    storage.removeItem("candor.probe");
    return storage;
  } catch {
    return memoryStorage();
  }
}

/** A storage that forgets with the page. */
export function memoryStorage(): KeyValueStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
    key: (index) => [...items.keys()][index] ?? null,
    get length() {
      return items.size;
    },
  };
}
