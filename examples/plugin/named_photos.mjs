// A dataset of one's own: photos in one folder, whose names start with their class, such as rose_017.jpg.
//   npx cvnets train recipes/flowers.yaml --plugin examples/plugin/named_photos.mjs \
//     --dataset.name named_photos --dataset.root_train PHOTOS

export default ({ registerDataset }) => {
  registerDataset('named_photos', { channels: 3, load });
};

/** Every fifth photo of a class validates. `files` reads the disk, in a page what the user chose. */
async function load(files, root, split) {
  const byClass = new Map();
  for (const name of await files.list(root)) {
    const [, label] = /^([a-z]+)_.*\.(?:jpe?g|png)$/i.exec(name) ?? [];
    if (label) byClass.set(label, [...(byClass.get(label) ?? []), `${root}/${name}`]);
  }
  const classes = [...byClass.keys()];
  const chosen = classes.flatMap((label, index) =>
    byClass
      .get(label)
      .filter((_, i) => (i % 5 === 4) === (split === 'val'))
      .map((path) => ({ path, index })),
  );
  return {
    name: `${root} ${split}`,
    length: chosen.length,
    classes,
    channels: 3,
    labels: Int32Array.from(chosen, ({ index }) => index),
    paths: chosen.map(({ path }) => path),
  };
}
