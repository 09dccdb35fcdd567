"""
Lets the tests of this folder import `sample`: with pytest's importlib mode no folder is on the path by itself.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
