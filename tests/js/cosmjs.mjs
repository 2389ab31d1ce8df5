// What a wallet does, with the unmodified @cosmjs/stargate:
//   node cosmjs.mjs RPC_URL RECIPIENT < mnemonic
// Reads a balance, estimates gas, sends coins, finds the transaction, and prints what it saw as one line of JSON.
import { readFileSync } from "node:fs";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import {
  GasPrice,
  QueryClient,
  SigningStargateClient,
  StargateClient,
  setupAuthExtension,
  setupBankExtension,
  setupTxExtension,
} from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";

const [url, recipient] = process.argv.slice(2);
const mnemonic = readFileSync(0, "utf8").trim();
const denom = "uostr";

const wallet = await DirectSecp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "ostr" });
const [{ address }] = await wallet.getAccounts();

const reader = await StargateClient.connect(url);
const comet = await connectComet(url);
const query = QueryClient.withExtensions(comet, setupAuthExtension, setupBankExtension, setupTxExtension);
const seen = {
  client: comet.constructor.name,
  address,
  chainId: await reader.getChainId(),
  before: await reader.getBalance(address, denom),
  all: await reader.getAllBalances(address),
  nobody: await reader.getAccount(recipient),
  supply: await query.bank.totalSupply(),
  supplyOf: await query.bank.supplyOf(denom),
  metadata: await query.bank.denomMetadata(denom),
};
seen.supply = seen.supply.supply;
seen.metadata = { base: seen.metadata.base, symbol: seen.metadata.symbol };

const signer = await SigningStargateClient.connectWithSigner(url, wallet, {
  gasPrice: GasPrice.fromString(`0.001${denom}`),
  broadcastPollIntervalMs: 100,
});
const sent = await signer.sendTokens(address, recipient, [{ denom, amount: "12345" }], "auto", "from CosmJS");
seen.sent = { code: sent.code, height: sent.height, gasUsed: String(sent.gasUsed), hash: sent.transactionHash };
seen.response = sent.msgResponses.map((message) => message.typeUrl);

const failed = await signer
  .sendTokens(address, recipient, [{ denom, amount: "999999999999999" }], { amount: [{ denom, amount: "200" }], gas: "200000" })
  .then((result) => ({ code: result.code, log: result.rawLog }));
seen.failed = failed;

const found = await reader.getTx(sent.transactionHash);
seen.found = { code: found.code, height: found.height, hash: found.hash, events: found.events.map((event) => event.type) };
const searched = await reader.searchTx([
  { key: "transfer.sender", value: address },
  { key: "transfer.recipient", value: recipient },
]);
seen.searched = searched.map((tx) => tx.hash);
const service = await query.tx.getTx(sent.transactionHash);
seen.service = { hash: service.txResponse.txhash, memo: service.tx.body.memo };
seen.after = await reader.getBalance(address, denom);
seen.received = await reader.getBalance(recipient, denom);
seen.account = await reader.getAccount(address);

console.log(JSON.stringify(seen, (_, value) => (typeof value === "bigint" ? String(value) : value)));
comet.disconnect();
reader.disconnect();
signer.disconnect();
