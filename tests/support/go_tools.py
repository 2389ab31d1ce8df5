"""Programs of others that tests and benchmarks run unmodified, each in one release."""

from chain.node.cometbft import COMETBFT_VERSION, MODULE
from chain.node.go_tools import GoTool

GRPCURL = GoTool("github.com/fullstorydev/grpcurl", "cmd/grpcurl", "v1.9.3")
ABCI_CLI = GoTool(MODULE, "abci/cmd/abci-cli", COMETBFT_VERSION)
