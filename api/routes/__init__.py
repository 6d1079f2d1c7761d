"""The routes, by what they are about; each file makes one router."""
