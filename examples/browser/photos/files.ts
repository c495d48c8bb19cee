/** Files that a user chose, by path. All paths start with the folder that `root` names. */
export interface ChosenFiles {
  readonly files: ReadonlyMap<string, File>;
  /** `photos`, or the one folder in it. */
  readonly root: string;
}

/** What was dropped on the page: folders with all that is in them. Call it in the event's handler, before any await. */
export async function droppedFiles({ items }: DataTransfer): Promise<ChosenFiles> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files = new Map<string, File>();
  for (const entry of entries) await collect(entry, files);
  return rooted(files);
}

/** What was chosen with `<input type="file" webkitdirectory>`. */
export function selectedFiles(list: FileList): ChosenFiles {
  return rooted(new Map(Array.from(list, (file) => [file.webkitRelativePath, file])));
}

async function collect(entry: FileSystemEntry, files: Map<string, File>): Promise<void> {
  if (isFile(entry)) {
    files.set(entry.fullPath.slice(1), await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const more = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  // A reader hands out a hundred at a time, and none at the end.
  for (let found = await more(); found.length > 0; found = await more()) {
    for (const child of found) await collect(child, files);
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

function rooted(files: ReadonlyMap<string, File>): ChosenFiles {
  const tops = new Set([...files.keys()].map((path) => path.split('/')[0]));
  const [only] = tops;
  return {
    files: new Map([...files].map(([path, file]) => [`photos/${path}`, file])),
    root: tops.size === 1 && !files.has(only) ? `photos/${only}` : 'photos',
  };
}
