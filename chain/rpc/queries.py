"""Every query of every module as a gRPC method."""

from collections.abc import Mapping
from typing import Any

import grpc.aio

from chain.module import QueryMethod
from chain.rpc.application import NodeApplication
from chain.rpc.errors import NotStarted
from chain.rpc.handlers import HEIGHT_HEADER, Handler, unary, wanted_height


def query_handlers(application: NodeApplication) -> Mapping[str, Handler]:
    """Return handlers by `<service>/<Method>`."""
    return {name: _handler(application, method) for name, method in application.queries.methods.items()}


def _handler(application: NodeApplication, method: QueryMethod) -> Handler:
    async def answer(request: Any, context: grpc.aio.ServicerContext) -> object:
        state = application.at(wanted_height(context))
        if not state.height:
            raise NotStarted
        response: object = method.function(state, request)
        await context.send_initial_metadata(((HEIGHT_HEADER, str(state.height)),))
        return response

    return unary(method.request, answer)
