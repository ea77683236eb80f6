"""Faces and fingerprints: everything that decodes a stranger's picture or runs a matcher does so in a child process,
without database, keys or settings; a crash or a hang there is a refusal here and nothing else."""
