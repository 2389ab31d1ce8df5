// Read a JSON array of {app_hash, module, key, value or null, ops: [{type, data}]} in hex from standard input; print a
// JSON array that tells which of these @confio/ics23 accepts.
const { ics23, iavlSpec, tendermintSpec, verifyMembership, verifyNonMembership, calculateExistenceRoot } = require("@confio/ics23");

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

function accepts({ app_hash, module, key, value, ops }) {
  const [tree, simple] = ops.map(({ data }) => ics23.CommitmentProof.decode(bytes(data)));
  const neighbour = tree.exist || tree.nonexist.left?.key?.length && tree.nonexist.left || tree.nonexist.right;
  const root = calculateExistenceRoot(neighbour);
  const name = Uint8Array.from(Buffer.from(module));
  const inTree = value === null
    ? verifyNonMembership(tree, iavlSpec, root, bytes(key))
    : verifyMembership(tree, iavlSpec, root, bytes(key), bytes(value));
  return inTree && verifyMembership(simple, tendermintSpec, bytes(app_hash), name, root);
}

let text = "";
process.stdin.on("data", (chunk) => { text += chunk; });
process.stdin.on("end", () => {
  const results = JSON.parse(text).map((proof) => {
    try {
      return accepts(proof);
    } catch (error) {
      return false;
    }
  });
  console.log(JSON.stringify(results));
});
