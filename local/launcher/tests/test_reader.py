"""What a function's answer to a batch means."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reader import first_failed


def failures(*names):
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


class PartialBatchResponses(unittest.TestCase):
    batch = ["10", "11", "12"]

    def test_the_lowest_number_is_the_checkpoint(self):
        self.assertEqual(first_failed(failures("11"), self.batch), 1)
        self.assertEqual(first_failed(failures("12", "11"), self.batch), 1)

    def test_any_other_shape_is_a_success(self):
        for response in [None, {}, "text", [], {"batchItemFailures": None}, failures(), {"other": 1}]:
            self.assertIsNone(first_failed(response, self.batch), response)

    def test_a_name_that_names_nothing_fails_the_whole_batch(self):
        for response in [failures(""), failures(None), failures("99"), {"batchItemFailures": [{"bad": "11"}]}, {"batchItemFailures": ["11"]}]:
            self.assertEqual(first_failed(response, self.batch), 0, response)


if __name__ == "__main__":
    unittest.main()
