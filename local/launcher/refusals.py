"""Answers that are AWS errors."""


class Refused(Exception):
    """A request is refused with this code and message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def answering(responses, function):
    """A handler that answers a refusal of the function as AWS's JSON protocols do."""

    def answer(data):
        try:
            return function(data)
        except Refused as refused:
            return responses.error_response_json(refused.code, str(refused), 400)

    return answer
