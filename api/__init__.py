"""HTTP coat: what programs and pages reach by HTTP. It adds no sense of its own."""
