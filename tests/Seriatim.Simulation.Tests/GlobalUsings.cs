global using Seriatim.Cluster;
global using Seriatim.Generation;
global using Seriatim.Generation.Tests;
global using Seriatim.Models;
global using Seriatim.Tensors;
