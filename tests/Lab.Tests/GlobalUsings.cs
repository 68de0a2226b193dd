// In these namespaces "Lab" alone is the namespace.
global using DeployedLab = AnycastVip.Netlab.Deployment.Lab;
